"""What adapters share: HTTP within quotas, four kinds of errors, texts and times as CRMs want them, memos, known contacts."""
