"""Born marked: generators whose outputs say what they are from the first byte.

Rules
-----
1. Nothing is written under an output folder before it carries its mark.
2. A generator sees only its training images; the present time and the seed are arguments.
3. The generators here are small and honest: they show limits, they do not compete.
"""
