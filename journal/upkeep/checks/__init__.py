"""The checks of doctor, one family a module: each looks at facts and yields findings, and changes nothing."""
