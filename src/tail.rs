//! What trygg publishes, read back and said in words.
