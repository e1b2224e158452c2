//! A byte stream to a broker: TCP, TLS, WebSocket.
