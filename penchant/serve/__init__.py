"""The real-time tier: matches and intents by HTTP, each within its deadline.

What a match is made of belongs in `agents.match`; who may ask is judged in `penchant.front`.
"""
