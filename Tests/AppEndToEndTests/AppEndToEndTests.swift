// Placeholder, replaced by the suite's first file.
