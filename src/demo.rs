//! The whole of trygg in one process, to look at: embedded broker, mock Kafka, simulated homes, engine.
