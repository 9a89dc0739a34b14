DROP TABLE tickets, draws;
