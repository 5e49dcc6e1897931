"""AWS: accounts and their S3 buckets."""
