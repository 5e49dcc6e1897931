"""Google Cloud: projects, the asset inventory, storage buckets."""
