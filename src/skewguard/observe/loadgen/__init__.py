"""The load client: sends a described load to one URL, and writes down when what was sent and when what came back.

What may enter: sockets of its own (nobody else in `observe` has any), clocks, and the text of HTTP and of server-sent events.
What may not: a library between it and the kernel, a verdict, a percentile: it hands over one row per request.
"""
