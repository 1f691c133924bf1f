"""Which shoppers are in which arm, what became of its calls, and when it is rolled back.

Making the calls of an arm is the worker's business.
"""
