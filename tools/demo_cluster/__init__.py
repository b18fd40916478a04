"""`make demo-cluster`: a cluster without a cloud and engines without a GPU, skewed on purpose, for trying the live verbs.

The control plane is a real one (`tools.control_plane`); behind its pods stand recordings of real servers
(`tools.replay`), and what differs between pods differs as it does in clusters.
"""
