// Package container checks the files in this folder against README.md: the capabilities of a program over DPDK, and
// facts that several files repeat.
package container

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/godpdk/godpdk/dpdk/holder"
)

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(text)
}

// parsed is a YAML file, its anchors and merges resolved.
func parsed[T any](t *testing.T, file string) (v T) {
	t.Helper()
	require.NoError(t, yaml.Unmarshal([]byte(read(t, file)), &v), file)
	return v
}

type composed struct {
	Services map[string]struct {
		Image, User string
		Command     []string
		Privileged  bool
		Pid, Ipc    string
		NetworkMode string   `yaml:"network_mode"`
		CapDrop     []string `yaml:"cap_drop"`
		CapAdd      []string `yaml:"cap_add"`
		SecurityOpt []string `yaml:"security_opt"`
		ReadOnly    bool     `yaml:"read_only"`
		Volumes     []string
		Devices     []string
	}
}

// restricted returns the services of a compose file that use DPDK. It checks that they are one group, with the two
// capabilities and nothing else.
func restricted(t *testing.T, file string, volumes ...string) composed {
	t.Helper()
	c := parsed[composed](t, file)
	group := c.Services["group"]
	assert.Equal(t, []string{"ALL"}, group.CapDrop)
	assert.Empty(t, group.CapAdd, "it only sleeps")
	delete(c.Services, "group")
	require.NotEmpty(t, c.Services)
	volumes = append([]string{"hugepages:/dev/hugepages", "run:/run/dpdk"}, volumes...)
	for name, s := range c.Services {
		assert.Equal(t, []string{"ALL"}, s.CapDrop, name)
		assert.Equal(t, []string{"SYS_NICE", "IPC_LOCK"}, s.CapAdd, name)
		assert.Equal(t, []string{"no-new-privileges:true"}, s.SecurityOpt, name)
		assert.True(t, s.ReadOnly, name)
		assert.False(t, s.Privileged, name)
		assert.Equal(t, "service:group", s.Pid, name)
		assert.Empty(t, s.Ipc+s.User, "%s: of the image, not of the host", name)
		assert.Equal(t, "none", s.NetworkMode, name)
		assert.Empty(t, s.Devices, name)
		assert.Equal(t, volumes, s.Volumes, "%s: one group", name)
	}
	return c
}

func TestComposeGivesTheTwoCapabilitiesAndNothingElse(t *testing.T) {
	c := restricted(t, "compose.yml")
	require.Len(t, c.Services, 3)
	lcores := map[string]bool{}
	for name, s := range c.Services {
		assert.Contains(t, s.Command, "--file-prefix=demo", name)
		assert.Contains(t, s.Command, "--no-pci", name)
		for _, arg := range s.Command {
			if l, ok := strings.CutPrefix(arg, "--lcores="); ok {
				lcores[strings.Split(l, "@")[0]] = true
			}
		}
	}
	assert.Len(t, lcores, 3, "disjoint lcores")
}

// upgradeGroup is the configuration of the holder in the pipeline of examples/upgrade.
const upgradeGroup = "../../examples/upgrade/group.json"

// pipeline is the processes of the pipeline, and how each is started.
var pipeline = map[string]string{
	"holder":  `^holder -config \S+/group.json -lock /run/dpdk/holder.lock -standby$`,
	"rx":      `^upgrade -role rx$`,
	"work":    `^upgrade -role work$`,
	"tx":      `^upgrade -role tx$`,
	"traffic": `^upgrade -role traffic `,
}

func TestThePipelineHasTwoHoldersAndEachWorkerOnce(t *testing.T) {
	c := restricted(t, "upgrade.yml", upgradeGroup+":/etc/group.json:ro")
	require.Len(t, c.Services, 6)
	for name, s := range c.Services {
		assert.Regexp(t, pipeline[strings.TrimRight(name, "12")], strings.Join(s.Command, " "), name)
	}
}

type manifest struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string
	Metadata   struct{ Name string }
	Data       map[string]string
	Spec       struct {
		ShareProcessNamespace bool           `yaml:"shareProcessNamespace"`
		RestartPolicy         string         `yaml:"restartPolicy"`
		SecurityContext       map[string]int `yaml:"securityContext"`
		Volumes               []struct {
			Name      string
			EmptyDir  map[string]string `yaml:"emptyDir"`
			ConfigMap map[string]string `yaml:"configMap"`
		}
		Containers []struct {
			Name, Image     string
			Command         []string
			SecurityContext struct {
				AllowPrivilegeEscalation *bool `yaml:"allowPrivilegeEscalation"`
				ReadOnlyRootFilesystem   bool  `yaml:"readOnlyRootFilesystem"`
				Capabilities             struct{ Drop, Add []string }
				SeccompProfile           map[string]string `yaml:"seccompProfile"`
			} `yaml:"securityContext"`
			Resources    struct{ Limits map[string]string }
			VolumeMounts []struct {
				Name      string
				MountPath string `yaml:"mountPath"`
				ReadOnly  bool   `yaml:"readOnly"`
			} `yaml:"volumeMounts"`
		}
	}
}

// The test in kubernetes/ decodes the same file with the types of the API. This one needs no other module. It
// refuses fields that it does not know, too.
func TestThePodIsTheSamePipeline(t *testing.T) {
	d := yaml.NewDecoder(strings.NewReader(read(t, "pod.yaml")))
	d.KnownFields(true)
	var config, pod manifest
	require.NoError(t, d.Decode(&config))
	require.NoError(t, d.Decode(&pod))
	require.ErrorIs(t, d.Decode(new(manifest)), io.EOF)
	assert.Equal(t, "v1/ConfigMap v1/Pod", config.APIVersion+"/"+config.Kind+" "+pod.APIVersion+"/"+pod.Kind)
	assert.JSONEq(t, read(t, upgradeGroup), config.Data["group.json"])
	_, err := holder.Decode([]byte(config.Data["group.json"]))
	assert.NoError(t, err)

	spec := pod.Spec
	assert.True(t, spec.ShareProcessNamespace, "EAL names files by pid")
	assert.Equal(t, "Always", spec.RestartPolicy)
	assert.Equal(t, map[string]int{"runAsUser": 10001, "runAsGroup": 10001, "fsGroup": 10001}, spec.SecurityContext)
	require.Len(t, spec.Volumes, 3)
	assert.Equal(t, "HugePages-2Mi", spec.Volumes[0].EmptyDir["medium"])
	assert.Equal(t, "Memory", spec.Volumes[1].EmptyDir["medium"])
	assert.Equal(t, config.Metadata.Name, spec.Volumes[2].ConfigMap["name"])
	require.Len(t, spec.Containers, 6)
	for _, c := range spec.Containers {
		assert.Regexp(t, pipeline[strings.Replace(c.Name, "standby", "holder", 1)], strings.Join(c.Command, " "), c.Name)
		s := c.SecurityContext
		require.NotNil(t, s.AllowPrivilegeEscalation, c.Name)
		assert.False(t, *s.AllowPrivilegeEscalation, c.Name)
		assert.True(t, s.ReadOnlyRootFilesystem, c.Name)
		assert.Equal(t, []string{"ALL"}, s.Capabilities.Drop, c.Name)
		assert.Equal(t, []string{"SYS_NICE", "IPC_LOCK"}, s.Capabilities.Add, c.Name)
		assert.Equal(t, "RuntimeDefault", s.SeccompProfile["type"], c.Name)
		require.Len(t, c.VolumeMounts, 3, c.Name)
		for i, path := range []string{"/dev/hugepages", "/run/dpdk", "/etc/upgrade"} {
			assert.Equal(t, spec.Volumes[i].Name, c.VolumeMounts[i].Name, c.Name)
			assert.Equal(t, path, c.VolumeMounts[i].MountPath, c.Name)
		}
		assert.NotEmpty(t, c.Resources.Limits["hugepages-2Mi"], c.Name)
		assert.NotEmpty(t, c.Resources.Limits["memory"], "%s: hugepages need a limit for memory", c.Name)
	}
}

func TestPlainCommandsMatchCompose(t *testing.T) {
	run := read(t, "run.sh")
	for _, option := range []string{"--cap-drop ALL", "--cap-add SYS_NICE", "--cap-add IPC_LOCK", "--network none", "--read-only", "--security-opt no-new-privileges"} {
		assert.Contains(t, run, option)
	}
	assert.Len(t, regexp.MustCompile(`--cap-add`).FindAllString(run, -1), 2)
	assert.NotContains(t, run, "--privileged")
}

// The user that the hugepages and the runtime directory are made for is the one
// that the image runs as.
func TestVolumesBelongToTheImagesUser(t *testing.T) {
	user := regexp.MustCompile(`groupadd -g (\d+) dpdk[^&]*&& useradd -u (\d+) -g dpdk`).FindStringSubmatch(read(t, "../../Dockerfile"))
	require.NotNil(t, user)
	want := "uid=" + user[2] + ",gid=" + user[1]
	for _, file := range []string{"compose.yml", "upgrade.yml"} {
		assert.Equal(t, 2, strings.Count(read(t, file), want), file)
	}
	assert.Contains(t, read(t, "run.sh"), want)
}

func TestAllFilesNameTheSameReleases(t *testing.T) {
	w := parsed[struct {
		Jobs map[string]struct {
			Strategy struct {
				Matrix struct{ Debian []string }
			}
			Container struct{ Image, Options string }
			Steps     []struct{ Uses, Run string }
		}
	}](t, "github-actions.yml")
	job := w.Jobs["test"]
	suites := regexp.MustCompile(`suites=\(\[(\S+)\]=(\w+) \[(\S+)\]=(\w+) \[(\S+)\]=(\w+)\)`).FindStringSubmatch(read(t, "matrix.sh"))
	require.NotNil(t, suites)
	assert.Equal(t, []string{suites[2], suites[4], suites[6]}, job.Strategy.Matrix.Debian)
	assert.Contains(t, read(t, "../../README.md"), suites[1]+", "+suites[3]+" and "+suites[5])
	for _, s := range job.Steps {
		if s.Uses != "" {
			assert.Regexp(t, `^actions/[a-z-]+@v\d+`, s.Uses, "a version, not a branch")
		}
		if strings.Contains(s.Run, "go test") {
			assert.Contains(t, s.Run, "-p 1", "packages side by side starve each other of hugepages")
		}
	}
	assert.Contains(t, job.Container.Options, "--privileged")
}

// A change of Go code must not build DPDK again, and no stage may take what only
// BuildKit knows.
func TestDockerfilesSuitTheClassicBuilderAndItsCache(t *testing.T) {
	for _, file := range []string{"../../Dockerfile", "Dockerfile.debian"} {
		text := read(t, file)
		for _, only := range []string{"# syntax=", "<<", "--mount=", "--chmod=", "--link"} {
			assert.NotContains(t, text, only, file)
		}
		assert.Less(t, strings.Index(text, "RUN go mod download"), strings.Index(text, "COPY . ."), file)
	}
	_, dpdk, found := strings.Cut(read(t, "../../Dockerfile"), "FROM tools AS dpdk")
	require.True(t, found)
	dpdk, _, _ = strings.Cut(dpdk, "FROM ")
	assert.Equal(t, []string{"COPY test/container/dpdk.sh /usr/local/sbin/"}, regexp.MustCompile(`(?m)^(COPY|ADD) .*`).FindAllString(dpdk, -1))
}

func TestScriptsParse(t *testing.T) {
	scripts, err := filepath.Glob("*.sh")
	require.NoError(t, err)
	require.NotEmpty(t, scripts)
	for _, script := range scripts {
		out, err := exec.Command("bash", "-n", script).CombinedOutput()
		assert.NoError(t, err, "%s", out)
	}
}

func TestScriptsNameMissingTools(t *testing.T) {
	tests := []struct{ name, script, args, says string }{
		{"no daemon", "base.sh", "debian:bookworm-slim", "the Docker daemon does not answer"},
		{"no daemon", "run.sh", "godpdk", "the Docker daemon does not answer"},
		{"no daemon", "upgrade.sh", "godpdk", "the Docker daemon does not answer"},
		{"no daemon", "test.sh", "godpdk true", "the Docker daemon does not answer"},
		{"no image named", "base.sh", "", "which image? As in"},
		{"unknown release", "matrix.sh", "21.11", "use 22.11, 24.11 or 25.11"},
	}
	for _, test := range tests {
		t.Run(test.script+" "+test.name, func(t *testing.T) {
			cmd := exec.Command("./"+test.script, strings.Fields(test.args)...)
			cmd.Env = append(os.Environ(), "DOCKER_HOST=unix:///nonexistent/docker.sock")
			out, err := cmd.CombinedOutput()
			assert.Error(t, err)
			assert.Contains(t, string(out), test.says)
		})
	}
}
