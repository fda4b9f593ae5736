"""REST and WebSocket for programs, health and figures for operators."""
