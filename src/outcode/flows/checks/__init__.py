"""What is checked when a document is saved, one file a concern; ``outcode.flows.check`` joins them."""
