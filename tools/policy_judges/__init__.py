"""Second opinions on the rules: the reference checker of the Pod Security Standards, and kube-score."""
