"""Cafeterías: orders, payments and revenue of many coffee shops."""
