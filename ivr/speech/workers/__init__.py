"""Engines that compute, in processes of their own: what hangs or crashes costs one sentence, never the gateway."""
