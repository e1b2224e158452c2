//! Simulated homes, recorded events, and a publisher that brings them to a broker.
