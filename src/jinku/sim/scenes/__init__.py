"""What the demonstration shows after the platform's own Friday; each scene ends with checks that must hold."""
