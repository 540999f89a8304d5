"""Commands to stations, as the state database keeps them: asked for anywhere, sent by the collector that can."""
