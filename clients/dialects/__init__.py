"""The words that each kind of model server speaks, by HTTP and by gRPC.

Which server gets a call is decided in `clients.pools`.
"""
