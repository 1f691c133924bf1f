"""The simulated GPU: when a request is scheduled and answered, and what it is answered.

Pure, but for the thread that serves.
"""
