# What a careful team would write for its own manifests: everything that decides what an engine runs is held against
# the manifest that was validated (data.base), with flags read as flags. Best effort for conftest; nothing here knows
# an engine.
package main

import rego.v1

deny contains message if {
	some fact in facts(input) - promised
	message := sprintf("not validated: %s", [fact])
}

deny contains message if {
	some fact in validated - facts(input)
	message := sprintf("missing: %s", [fact])
}

promised := {fact | some document in data.base; some fact in facts(document)}

# the facts of the documents of the same kind and name
validated := {fact |
	some document in data.base
	document.kind == input.kind
	object.get(document, ["metadata", "name"], "") == object.get(input, ["metadata", "name"], "")
	some fact in facts(document)
}

facts(document) := {fact |
	walk(document, [path, part])
	is_object(part)
	not "initContainers" in path
	some fact in told(part)
}

told(part) := ((of_container(part) | of_pod(part)) | of_scaling(part)) | of_route(part)

# ---- containers

of_container(part) := facts if {
	is_string(part.image)
	is_engine(part)
	facts := ((({sprintf("image %s", [part.image])} | flags(part)) | variables(part)) | devices(part)) | probes(part)
} else := set()

is_engine(container) if {
	some word in ["vllm", "sglang", "engine", "server", "kserve-container"]
	contains(lower(sprintf("%s %s %s %s", [
		container.name,
		container.image,
		object.get(container, "command", []),
		object.get(container, "args", []),
	])), word)
}

# words of shell lines are parted at blanks
words(container) := [word |
	some field in ["command", "args"]
	some line in as_list(object.get(container, field, []))
	some word in regex.split(`[\s\\]+`, sprintf("%v", [line]))
	word != ""
]

as_list(value) := value if is_array(value)

as_list(value) := [value] if is_string(value)

flags(container) := {fact |
	all := words(container)
	some at, word in all
	startswith(word, "--")
	fact := sprintf("flag %s %s", [name_of(word), value_of(all, at, word)])
} | {fact |
	some word in words(container)
	not startswith(word, "-")
	not contains(word, "=")
	fact := sprintf("word %s", [trim(word, "'\"")])
}

name_of(word) := replace(split(word, "=")[0], "_", "-")

value_of(_, _, word) := trim(substring(word, indexof(word, "=") + 1, -1), "'\"") if contains(word, "=")

value_of(all, at, word) := trim(all[at + 1], "'\"") if {
	not contains(word, "=")
	at + 1 < count(all)
	not startswith(all[at + 1], "-")
}

value_of(all, at, word) := "" if {
	not contains(word, "=")
	at + 1 >= count(all)
}

value_of(all, at, word) := "" if {
	not contains(word, "=")
	at + 1 < count(all)
	startswith(all[at + 1], "-")
}

variables(container) := {fact |
	some entry in as_list(object.get(container, "env", []))
	regex.match(`^(VLLM|SGLANG|SGL|HF|NCCL|CUDA|TRANSFORMERS|TORCH|PYTORCH)_`, entry.name)
	fact := sprintf("variable %s %v", [entry.name, object.remove(entry, ["name"])])
}

devices(container) := {fact |
	some kind in ["limits", "requests"]
	some name, amount in object.get(container, ["resources", kind], {})
	contains(name, "/")
	fact := sprintf("%s %s %v", [kind, name, amount])
} | {fact |
	some mount in as_list(object.get(container, "volumeMounts", []))
	fact := sprintf("mount %s", [mount.mountPath])
}

probes(container) := {fact |
	some probe in ["livenessProbe", "startupProbe"]
	container[probe]
	fact := sprintf("%s %v", [probe, container[probe]])
}

# ---- pods, scaling, routes

of_pod(part) := facts if {
	is_array(part.containers)
	facts := {sprintf("%s %v", [key, part[key]]) | some key in ["nodeSelector", "affinity"]; part[key]}
} else := set()

of_scaling(part) := {fact |
	some key in ["replicas", "minReplicas", "maxReplicas", "minReplicaCount", "maxReplicaCount", "metrics", "triggers", "size"]
	part[key]
	fact := sprintf("%s %v", [key, part[key]])
}

of_route(part) := {sprintf("%s %v", [key, part[key]]) | some key in ["timeouts", "storageUri", "uri"]; part[key]} | {fact |
	some key, value in part
	contains(key, "timeout")
	fact := sprintf("%s %v", [key, value])
}
