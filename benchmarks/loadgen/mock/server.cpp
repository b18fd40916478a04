// An engine that computes nothing, answers like one, and remembers to the nanosecond when it did what.
//
//     server [--port 0] [--core N]          prints "ready PORT" on standard output
//
// One thread and one epoll set; a timerfd wakes it for the next token, so that no delay is rounded to milliseconds.
// Headers leave at once, every chunk of tokens is one write of its own. The truth of a request is the kernel's stamp of
// its arrival and the monotonic clock just before each write. How long a request takes depends on its number alone,
// so that every client that sends the same number of requests meets the same delays.
//
//     GET  /v1/models, /health, /version, /metrics; POST /v1/completions, /v1/chat/completions
//     POST /mock/serving?first_us=50000&gap_us=10000&spread=0.2&slow_share=0.02&slow_factor=4&tokens_per_chunk=1&seed=1
//          (sets what is named, and forgets the truth so far)
//     GET  /mock/truth      one line per finished request; see TRUTH_HEAD
//     GET  /mock/state      what runs, what was accepted, and the CPU seconds used by this process

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <queue>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace {

using Nanos = int64_t;

constexpr Nanos kSecond = 1'000'000'000;
constexpr size_t kReadSize = 64 * 1024;
constexpr const char* kTruthHead = "index,connection,fresh,status,received,first,last,tokens,complete,writes\n";

Nanos clock_now(clockid_t clock) {
  timespec at;
  clock_gettime(clock, &at);
  return at.tv_sec * kSecond + at.tv_nsec;
}

Nanos now() { return clock_now(CLOCK_MONOTONIC); }

// ---- how requests are served -----------------------------------------------------------------------------------------

struct Serving {
  double first_us = 0;        // until the first token
  double gap_us = 0;          // between two tokens
  double spread = 0;          // both vary evenly by this share, up and down
  double slow_share = 0;      // this share of the requests ...
  double slow_factor = 1;     // ... waits this many times longer for its first token
  double tokens_per_chunk = 1;
  double seed = 1;
};

Serving serving;

// A number between 0 and 1 that two numbers decide: two rounds of multiply and fold.
double drawn(uint64_t request, uint64_t which) {
  uint64_t x = (request + 1) * 0xD1342543DE82EF95ull + which * 0xA24BAED4963EE407ull + uint64_t(serving.seed);
  for (int round = 0; round < 2; ++round) {
    x ^= x >> 29;
    x *= 0x9FB21C651E98DF25ull;
    x ^= x >> 32;
  }
  return double(x >> 11) / double(1ull << 53);
}

double varied(uint64_t request, uint64_t which) { return 1 + serving.spread * (2 * drawn(request, which) - 1); }

Nanos until_first(uint64_t request) {
  double factor = varied(request, 0);
  if (drawn(request, 1) < serving.slow_share) factor *= serving.slow_factor;
  return Nanos(serving.first_us * factor * 1000);
}

Nanos until_next(uint64_t request, int token) { return Nanos(serving.gap_us * varied(request, 2 + token) * 1000); }

// ---- what happened ---------------------------------------------------------------------------------------------------

struct Truth {
  uint64_t index = 0;
  uint64_t connection = 0;
  bool fresh = false;
  int status = 200;
  Nanos received = 0;
  int tokens = 0;
  bool complete = false;
  std::vector<Nanos> writes;  // just before each write of tokens
};

std::vector<Truth> finished;
uint64_t next_index = 0;
uint64_t accepted = 0;
uint64_t prompt_tokens = 0, generated_tokens = 0;
int running = 0;

// ---- connections -----------------------------------------------------------------------------------------------------

struct Connection {
  int descriptor = -1;
  uint64_t number = 0;
  bool served_before = false;
  std::string in, out;
  size_t sent = 0;
  bool waits_to_write = false;
  Nanos arrived = 0;  // the kernel's stamp of the last read
  // the request that is being answered
  bool busy = false, chat = false, usage = false;
  int asked = 0, prompt = 0;
  Nanos due = 0;
  Truth truth;
};

int poller = -1, alarm_clock = -1;
std::unordered_map<uint64_t, std::unique_ptr<Connection>> connections;

struct Due {
  Nanos at;
  uint64_t connection;
  uint64_t index;
  bool operator>(const Due& other) const { return at > other.at; }
};
std::priority_queue<Due, std::vector<Due>, std::greater<Due>> timers;

void watch(Connection& connection, int operation, uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = connection.number;
  epoll_ctl(poller, operation, connection.descriptor, &event);
}

void remember(Connection& connection, bool complete) {
  connection.truth.complete = complete;
  finished.push_back(std::move(connection.truth));
  connection.truth = Truth();
  connection.busy = false;
  connection.served_before = true;
  --running;
}

void drop(Connection& connection) {
  if (connection.busy) remember(connection, false);
  close(connection.descriptor);
  connections.erase(connection.number);
}

// False: the connection is gone.
bool flush(Connection& connection) {
  while (connection.sent < connection.out.size()) {
    ssize_t count = send(connection.descriptor, connection.out.data() + connection.sent,
                         connection.out.size() - connection.sent, MSG_NOSIGNAL);
    if (count >= 0) {
      connection.sent += size_t(count);
    } else if (errno == EAGAIN) {
      if (!connection.waits_to_write) watch(connection, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
      connection.waits_to_write = true;
      return true;
    } else if (errno != EINTR) {
      drop(connection);
      return false;
    }
  }
  connection.out.clear();
  connection.sent = 0;
  if (connection.waits_to_write) watch(connection, EPOLL_CTL_MOD, EPOLLIN);
  connection.waits_to_write = false;
  return true;
}

// ---- answers ---------------------------------------------------------------------------------------------------------

void add_plain(Connection& connection, int status, std::string_view body, const char* type = "application/json") {
  char head[256];
  int size = snprintf(head, sizeof head, "HTTP/1.1 %d %s\r\ncontent-type: %s\r\ncontent-length: %zu\r\n\r\n", status,
                      status == 200 ? "OK" : "Not Found", type, body.size());
  connection.out.append(head, size_t(size)).append(body);
}

void add_event(Connection& connection, std::string_view data) {
  char size[32];
  int digits = snprintf(size, sizeof size, "%zx\r\n", data.size() + 8);
  connection.out.append(size, size_t(digits)).append("data: ").append(data).append("\n\n\r\n");
}

std::string words(int tokens) {
  std::string text;
  for (int token = 0; token < tokens; ++token) text += " the";
  return text;
}

// The start of every object of this answer, up to and including its choices' opening bracket.
std::string head_of(const Connection& connection, bool whole) {
  char head[256];
  const char* kind = connection.chat ? (whole ? "chat.completion" : "chat.completion.chunk") : "text_completion";
  snprintf(head, sizeof head, R"({"id":"%s-%08llu","object":"%s","created":1700000000,"model":"mock","choices":[)",
           connection.chat ? "chatcmpl" : "cmpl", (unsigned long long)connection.truth.index, kind);
  return head;
}

std::string usage_of(const Connection& connection) {
  char usage[160];
  snprintf(usage, sizeof usage, R"("usage":{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d})",
           connection.prompt, connection.truth.tokens, connection.prompt + connection.truth.tokens);
  return usage;
}

void add_tokens(Connection& connection, int tokens, bool first, bool last) {
  std::string choice = R"({"index":0,)";
  if (connection.chat) {
    choice += first ? R"("delta":{"role":"assistant","content":")" : R"("delta":{"content":")";
    choice += words(tokens) + R"("},)";
  } else {
    choice += R"("text":")" + words(tokens) + R"(",)";
  }
  choice += last ? R"("logprobs":null,"finish_reason":"length"})" : R"("logprobs":null,"finish_reason":null})";
  add_event(connection, head_of(connection, false) + choice + "]}");
}

void add_end(Connection& connection) {
  if (connection.usage) add_event(connection, head_of(connection, false) + "]," + usage_of(connection) + "}");
  add_event(connection, "[DONE]");
  connection.out.append("0\r\n\r\n");
}

void add_stream_head(Connection& connection) {
  connection.out.append(
      "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\n"
      "transfer-encoding: chunked\r\n\r\n");
}

bool read_requests(Connection& connection);

void schedule(Connection& connection) { timers.push({connection.due, connection.number, connection.truth.index}); }

bool finish(Connection& connection) {
  generated_tokens += uint64_t(connection.truth.tokens);
  remember(connection, true);
  return read_requests(connection);
}

// One chunk of tokens, now; and the next one is scheduled. False: the connection is gone.
bool answer_chunk(Connection& connection) {
  Truth& truth = connection.truth;
  int tokens = std::min(connection.asked - truth.tokens, std::max(1, int(serving.tokens_per_chunk)));
  bool first = truth.tokens == 0;
  for (int token = 0; token < tokens; ++token) connection.due += until_next(truth.index, truth.tokens + token);
  truth.tokens += tokens;
  bool last = truth.tokens >= connection.asked;
  add_tokens(connection, tokens, first, last);
  if (last) add_end(connection);
  truth.writes.push_back(now());
  if (!flush(connection)) return false;
  if (last) return finish(connection);
  schedule(connection);
  return true;
}

// Everything in one write: what an engine without delays would do, and all that a client's peak is measured with.
bool answer_at_once(Connection& connection) {
  int per_chunk = std::max(1, int(serving.tokens_per_chunk));
  for (int done = 0; done < connection.asked; done += per_chunk) {
    int tokens = std::min(per_chunk, connection.asked - done);
    connection.truth.tokens += tokens;
    add_tokens(connection, tokens, done == 0, done + tokens >= connection.asked);
  }
  add_end(connection);
  connection.truth.writes.push_back(now());
  return flush(connection) && finish(connection);
}

bool answer_whole(Connection& connection) {
  connection.truth.tokens = connection.asked;
  std::string text = words(connection.asked);
  std::string choice = connection.chat ? R"({"index":0,"message":{"role":"assistant","content":")" + text + R"("},)"
                                       : R"({"index":0,"text":")" + text + R"(",)";
  add_plain(connection, 200,
            head_of(connection, true) + choice + R"("finish_reason":"length"}],)" + usage_of(connection) + "}");
  connection.truth.writes.push_back(now());
  return flush(connection) && finish(connection);
}

// ---- requests --------------------------------------------------------------------------------------------------------

struct Request {
  std::string method, path, query, body;
};

// The value after `"key":` in a body of JSON, or an empty view. Good enough for bodies whose prompts are plain words.
std::string_view member(std::string_view body, std::string_view key) {
  std::string quoted = '"' + std::string(key) + '"';
  size_t at = body.find(quoted);
  if (at == std::string_view::npos) return {};
  at = body.find_first_not_of(" :", at + quoted.size());
  return at == std::string_view::npos ? std::string_view() : body.substr(at);
}

int number_of(std::string_view body, std::string_view key) {
  std::string_view value = member(body, key);
  return value.empty() ? 0 : atoi(std::string(value.substr(0, 12)).c_str());
}

bool is_true(std::string_view body, std::string_view key) { return member(body, key).substr(0, 4) == "true"; }

bool start_answer(Connection& connection, const Request& request) {
  connection.chat = request.path == "/v1/chat/completions";
  connection.usage = is_true(request.body, "include_usage");
  connection.asked = std::max(number_of(request.body, "max_tokens"), number_of(request.body, "max_completion_tokens"));
  if (connection.asked <= 0) connection.asked = 16;
  connection.prompt = int(request.body.size() / 6) + 1;
  connection.busy = true;
  ++running;
  prompt_tokens += uint64_t(connection.prompt);
  Truth& truth = connection.truth;
  truth.index = next_index++;
  truth.connection = connection.number;
  truth.fresh = !connection.served_before;
  truth.received = connection.arrived;
  if (!is_true(request.body, "stream")) return answer_whole(connection);
  add_stream_head(connection);
  Nanos wait = until_first(truth.index);
  if (wait == 0 && serving.gap_us == 0) return answer_at_once(connection);
  if (!flush(connection)) return false;
  connection.due = truth.received + wait;
  schedule(connection);
  return true;
}

void set_serving(const std::string& query) {
  const std::pair<const char*, double*> settings[] = {
      {"first_us", &serving.first_us},       {"gap_us", &serving.gap_us},
      {"spread", &serving.spread},           {"slow_share", &serving.slow_share},
      {"slow_factor", &serving.slow_factor}, {"tokens_per_chunk", &serving.tokens_per_chunk},
      {"seed", &serving.seed}};
  std::string text = '&' + query;
  for (auto& [name, value] : settings) {
    std::string key = '&' + std::string(name) + '=';
    size_t at = text.find(key);
    if (at != std::string::npos) *value = atof(text.c_str() + at + key.size());
  }
  finished.clear();
  next_index = 0;
}

std::string truth_page() {
  std::string page = kTruthHead;
  char text[256];
  for (const Truth& one : finished) {
    Nanos first = one.writes.empty() ? 0 : one.writes.front(), last = one.writes.empty() ? 0 : one.writes.back();
    int size = snprintf(text, sizeof text, "%llu,%llu,%d,%d,%lld,%lld,%lld,%d,%d,", (unsigned long long)one.index,
                        (unsigned long long)one.connection, one.fresh, one.status, (long long)one.received,
                        (long long)first, (long long)last, one.tokens, one.complete);
    page.append(text, size_t(size));
    for (size_t at = 0; at < one.writes.size(); ++at) {
      size = snprintf(text, sizeof text, at ? ";%lld" : "%lld", (long long)(one.writes[at] - one.received));
      page.append(text, size_t(size));
    }
    page += '\n';
  }
  return page;
}

std::string state() {
  rusage used;
  getrusage(RUSAGE_SELF, &used);
  double cpu = double(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
               double(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e-6;
  char text[256];
  snprintf(text, sizeof text, R"({"running":%d,"finished":%zu,"received":%llu,"connections":%llu,"cpu_s":%.6f,"now":%lld})",
           running, finished.size(), (unsigned long long)next_index, (unsigned long long)accepted, cpu,
           (long long)now());
  return text;
}

std::string metrics() {
  char text[1024];
  snprintf(text, sizeof text,
           "# TYPE vllm:num_requests_running gauge\nvllm:num_requests_running{model_name=\"mock\"} %d\n"
           "# TYPE vllm:num_requests_waiting gauge\nvllm:num_requests_waiting{model_name=\"mock\"} 0\n"
           "# TYPE vllm:prompt_tokens counter\nvllm:prompt_tokens_total{model_name=\"mock\"} %llu\n"
           "# TYPE vllm:generation_tokens counter\nvllm:generation_tokens_total{model_name=\"mock\"} %llu\n",
           running, (unsigned long long)prompt_tokens, (unsigned long long)generated_tokens);
  return text;
}

void answer_plain(Connection& connection, const Request& request) {
  const std::string& path = request.path;
  if (path == "/mock/serving") {
    set_serving(request.query);
    add_plain(connection, 200, "{}");
  } else if (path == "/mock/truth") {
    add_plain(connection, 200, truth_page(), "text/csv");
  } else if (path == "/mock/state") {
    add_plain(connection, 200, state());
  } else if (path == "/v1/models") {
    add_plain(connection, 200,
              R"({"object":"list","data":[{"id":"mock","object":"model","created":1700000000,"owned_by":"mock",)"
              R"("root":"mock","max_model_len":8192}]})");
  } else if (path == "/metrics") {
    add_plain(connection, 200, metrics(), "text/plain; version=0.0.4");
  } else if (path == "/version") {
    add_plain(connection, 200, R"({"version":"0.0.0"})");
  } else if (path == "/health" || path == "/ping" || path == "/") {
    add_plain(connection, 200, "{}");
  } else {
    add_plain(connection, 404, R"({"detail":"Not Found"})");
  }
}

// The body of a request that comes in chunks; npos: more is needed.
size_t unchunk(const std::string& in, size_t at, std::string& body) {
  for (;;) {
    size_t line = in.find("\r\n", at);
    if (line == std::string::npos) return line;
    size_t size = strtoul(in.c_str() + at, nullptr, 16);
    if (in.size() < line + 2 + size + 2) return std::string::npos;
    body.append(in, line + 2, size);
    at = line + 2 + size + 2;
    if (size == 0) return at;
  }
}

// Takes one whole request off the input. False: it has not arrived yet.
bool take_request(std::string& in, Request& request) {
  size_t head_end = in.find("\r\n\r\n");
  if (head_end == std::string::npos) return false;
  std::string head = in.substr(0, head_end);
  std::transform(head.begin(), head.end(), head.begin(), [](unsigned char letter) { return char(tolower(letter)); });
  size_t body_at = head_end + 4, end = body_at;
  size_t length = head.find("\r\ncontent-length:");
  if (length != std::string::npos) {
    size_t size = strtoul(head.c_str() + length + 17, nullptr, 10);
    if (in.size() < body_at + size) return false;
    request.body = in.substr(body_at, size);
    end = body_at + size;
  } else if (head.find("transfer-encoding: chunked") != std::string::npos) {
    end = unchunk(in, body_at, request.body);
    if (end == std::string::npos) return false;
  }
  size_t space = in.find(' '), second = in.find(' ', space + 1);
  request.method = in.substr(0, space);
  request.path = in.substr(space + 1, second - space - 1);
  size_t question = request.path.find('?');
  if (question != std::string::npos) {
    request.query = request.path.substr(question + 1);
    request.path.resize(question);
  }
  in.erase(0, end);
  return true;
}

// False: the connection is gone.
bool read_requests(Connection& connection) {
  Request request;
  while (!connection.busy && take_request(connection.in, request)) {
    if (request.path == "/v1/completions" || request.path == "/v1/chat/completions")
      return start_answer(connection, request);
    answer_plain(connection, request);
    if (!flush(connection)) return false;
    request = Request();
  }
  return true;
}

// When the last packet of a read came in: the kernel's stamp of the wall clock, told by the monotonic one.
Nanos stamp_of(msghdr& message) {
  Nanos monotonic = now(), wall = clock_now(CLOCK_REALTIME);
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_TIMESTAMPNS) continue;
    timespec stamp;
    memcpy(&stamp, CMSG_DATA(part), sizeof stamp);
    Nanos age = wall - (stamp.tv_sec * kSecond + stamp.tv_nsec);
    if (age >= 0 && age < 10 * kSecond) return monotonic - age;
  }
  return monotonic;
}

void receive(Connection& connection) {
  static char buffer[kReadSize];
  char control[128];
  iovec part{buffer, sizeof buffer};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t count = recvmsg(connection.descriptor, &message, 0);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count <= 0) return drop(connection);
  connection.arrived = stamp_of(message);
  connection.in.append(buffer, size_t(count));
  read_requests(connection);
}

void accept_all(int listener) {
  for (;;) {
    int descriptor = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0) return;
    int on = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(descriptor, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    auto made = std::make_unique<Connection>();
    made->descriptor = descriptor;
    made->number = 2 + accepted++;  // 0 is the listener, 1 the alarm
    watch(*made, EPOLL_CTL_ADD, EPOLLIN);
    connections.emplace(made->number, std::move(made));
  }
}

Connection* find(uint64_t number) {
  auto found = connections.find(number);
  return found == connections.end() ? nullptr : found->second.get();
}

void serve_due() {
  while (!timers.empty() && timers.top().at <= now()) {
    Due due = timers.top();
    timers.pop();
    Connection* connection = find(due.connection);
    if (connection && connection->busy && connection->truth.index == due.index) answer_chunk(*connection);
  }
  itimerspec next{};
  if (!timers.empty()) {
    next.it_value.tv_sec = timers.top().at / kSecond;
    next.it_value.tv_nsec = timers.top().at % kSecond;
  }
  timerfd_settime(alarm_clock, TFD_TIMER_ABSTIME, &next, nullptr);
}

int listen_on(int port) {
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(uint16_t(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), size) || listen(listener, 4096) ||
      getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size)) {
    perror("cannot listen on the loopback interface");
    exit(1);
  }
  printf("ready %d\n", ntohs(address.sin_port));
  fflush(stdout);
  return listener;
}

void settle(int core) {
  signal(SIGPIPE, SIG_IGN);
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // never outlives who started it
  prctl(PR_SET_TIMERSLACK, 1000);    // nanoseconds
  rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  if (core < 0) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  sched_setaffinity(0, sizeof set, &set);
}

void add_own(int descriptor, uint64_t number) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = number;
  epoll_ctl(poller, EPOLL_CTL_ADD, descriptor, &event);
}

}  // namespace

int main(int count, char** words) {
  int port = 0, core = -1;
  for (int at = 1; at + 1 < count; at += 2) {
    if (!strcmp(words[at], "--port")) port = atoi(words[at + 1]);
    if (!strcmp(words[at], "--core")) core = atoi(words[at + 1]);
  }
  settle(core);
  poller = epoll_create1(EPOLL_CLOEXEC);
  alarm_clock = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  int listener = listen_on(port);
  add_own(listener, 0);
  add_own(alarm_clock, 1);
  std::vector<epoll_event> events(512);
  for (;;) {
    int ready = epoll_wait(poller, events.data(), int(events.size()), -1);
    for (int at = 0; at < ready; ++at) {
      uint64_t number = events[size_t(at)].data.u64;
      if (number == 0) {
        accept_all(listener);
      } else if (number == 1) {
        uint64_t rung;
        if (read(alarm_clock, &rung, sizeof rung) < 0) continue;  // rung once, and drained: its work is below
      } else if (Connection* connection = find(number)) {
        if ((events[size_t(at)].events & EPOLLOUT) && !flush(*connection)) continue;
        if (events[size_t(at)].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) receive(*connection);
      }
    }
    serve_due();
  }
}
