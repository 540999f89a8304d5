"""The tariff engine: tariffs as tables, usage cut where a component can change, amounts by whole numbers in SQL."""
