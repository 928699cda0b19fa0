"""Maps on paper and on a stick: sheets as SVG, an atlas of them, one file that opens without a server."""
