"""An old store beside the journal, step by step: ``off``, ``dual``, ``primary``, and back."""
