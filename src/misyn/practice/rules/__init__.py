"""One small rule per recommendation, stage by stage; :mod:`misyn.practice.findings` holds them in order.

Example:
    >>> from misyn.practice.rules import technical
    >>> [rule.id for rule in technical.RULES]
    ['T1', 'T2', 'T3', 'T4', 'T5', 'T6', 'T7']
"""
