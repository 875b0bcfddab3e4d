"""The guide by segment: what the region's contracts say to a buyer of each, and a calculator."""
