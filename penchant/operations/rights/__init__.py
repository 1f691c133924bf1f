"""Rights: what a user of each role needs of Kafka and Redis, and no more. docs/security.md is made from it."""
