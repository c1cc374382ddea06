// Package kubernetes checks ../pod.yaml against the types of the Kubernetes API. It is a module of its own, so
// that godpdk does not depend on Kubernetes.
package kubernetes

import (
	"bytes"
	"os"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

// objects decodes the documents of the manifest. It refuses fields that the API does not have, fields that occur
// twice, and values of a wrong type.
func objects(t *testing.T) (config corev1.ConfigMap, pod corev1.Pod) {
	t.Helper()
	text, err := os.ReadFile("../pod.yaml")
	if err != nil {
		t.Fatal(err)
	}
	documents := bytes.Split(text, []byte("\n---\n"))
	if len(documents) != 2 {
		t.Fatalf("%d documents, want a ConfigMap and a Pod", len(documents))
	}
	for i, into := range []any{&config, &pod} {
		text, err := yaml.YAMLToJSONStrict(documents[i])
		if err != nil {
			t.Fatal(err)
		}
		// As the API server decodes: names of fields have one case.
		strict, err := json.UnmarshalStrict(text, into)
		if err != nil || len(strict) > 0 {
			t.Fatal(err, strict)
		}
	}
	if config.Kind != "ConfigMap" || pod.Kind != "Pod" || config.APIVersion != "v1" || pod.APIVersion != "v1" {
		t.Fatalf("kinds %s/%s and %s/%s, want v1/ConfigMap and v1/Pod", config.APIVersion, config.Kind, pod.APIVersion, pod.Kind)
	}
	return config, pod
}

func TestTheManifestFitsTheAPI(t *testing.T) {
	config, pod := objects(t)
	if pod.Spec.ShareProcessNamespace == nil || !*pod.Spec.ShareProcessNamespace {
		t.Error("shareProcessNamespace is not set: EAL names files by pid")
	}
	volumes := map[string]corev1.VolumeSource{}
	for _, v := range pod.Spec.Volumes {
		volumes[v.Name] = v.VolumeSource
	}
	if e := volumes["hugepages"].EmptyDir; e == nil || e.Medium != corev1.StorageMediumHugePagesPrefix+"2Mi" {
		t.Errorf("volume hugepages: %+v", e)
	}
	if e := volumes["run"].EmptyDir; e == nil || e.Medium != corev1.StorageMediumMemory {
		t.Errorf("volume run: %+v", e)
	}
	if c := volumes["group"].ConfigMap; c == nil || c.Name != config.Name {
		t.Errorf("volume group: %+v, the ConfigMap is %s", c, config.Name)
	}
	for _, c := range pod.Spec.Containers {
		for _, m := range c.VolumeMounts {
			if _, ok := volumes[m.Name]; !ok {
				t.Errorf("container %s mounts %s, which the pod does not have", c.Name, m.Name)
			}
		}
		// The API refuses hugepages without memory or CPUs, and a request of hugepages that differs from the limit.
		if len(c.Resources.Requests) > 0 {
			t.Errorf("container %s has requests: leave them out, so that they equal the limits", c.Name)
		}
		pages, found := c.Resources.Limits[corev1.ResourceHugePagesPrefix+"2Mi"]
		if !found || pages.Value()%(2<<20) != 0 {
			t.Errorf("container %s: hugepages-2Mi is %v", c.Name, pages)
		}
		if c.Resources.Limits.Memory().IsZero() {
			t.Errorf("container %s has no limit for memory", c.Name)
		}
		s := c.SecurityContext
		if s == nil || s.Capabilities == nil || len(s.Capabilities.Drop) != 1 || s.Capabilities.Drop[0] != "ALL" ||
			len(s.Capabilities.Add) != 2 || s.Privileged != nil {
			t.Errorf("container %s: %+v", c.Name, s)
		}
	}
}
