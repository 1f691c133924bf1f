"""Doctor: what is wrong with an installation, or soon will be, with a remedy for each finding."""
