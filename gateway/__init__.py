"""The product: the model of calls, its engine, its API. Names no PBX and no CRM."""
