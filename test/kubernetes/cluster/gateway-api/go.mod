module tiercast.dev/test/kubernetes/gateway-api

go 1.26

require sigs.k8s.io/gateway-api v1.4.1
