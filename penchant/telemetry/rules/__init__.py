"""Rules: what Prometheus records and alerts on, what Grafana shows, and the runbook of each alert.

All of it is data, made of metrics of the vocabulary; the files in deploy/ and the page are made from it.
"""
