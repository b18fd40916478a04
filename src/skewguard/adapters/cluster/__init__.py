"""One Kubernetes cluster: reached as kubectl reaches it, read in bounded pages, with a deadline for everything.

What may enter: kubeconfig and credentials (`access`), requests with retries (`session`), objects (`read`, `watching`),
what stands behind a pod (`reach`), what the user may do (`review`). What changes something stands apart: `write`
(objects of others) and `signal` (Events, and the status of our own objects).
What may not enter: the meaning of an object. Callers say which fields they want, as msgspec structs of their own.

Nothing here imports lightkube or httpx2 before a cluster is reached: they cost more than a whole check of a file.
"""
