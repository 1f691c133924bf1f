"""Routers of others before model servers, and how well each keeps a shopper's calls together."""
