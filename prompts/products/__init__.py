"""What a model is asked of products, and what may stand of its answers. Pure.

What it is asked of shoppers is beside it.
"""
