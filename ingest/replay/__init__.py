"""Past sessions told again as real OCPP traffic: session files, the made-up parts of the demo, and the runner."""
