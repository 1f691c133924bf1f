"""Text in, text out: rendering, answers, grounding and the rules, all pure."""
