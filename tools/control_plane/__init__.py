"""A real Kubernetes control plane on loopback, for tests, demonstrations and measurements: etcd, API server, controller
manager, scheduler, and kwok in the place of the kubelets. Nothing of the product imports it.

    with ControlPlane(binaries.ready(print)) as control_plane:
        control_plane.plane.kubectl("get", "nodes")

`python -m tools.control_plane build` puts the programs into the cache; docs/control-plane.md tells the rest.
"""
