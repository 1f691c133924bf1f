"""Front: how other programs and people's browsers reach a process of Penchant by HTTP, and who may do what there.

Everything that is served goes through one gate: hosts, origins, tokens, roles, CSRF, headers and sizes are judged here.
"""
