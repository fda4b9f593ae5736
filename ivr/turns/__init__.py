"""Of what :mod:`ivr.flow` makes a step: state, inputs and actions; sentences; what is meant; the walk from node to node."""
