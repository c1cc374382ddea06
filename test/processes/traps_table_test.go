//go:build linux

package processes

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// limitations has the tests of each of DPDK's multi-process limitations, by the numbers of
// dpdk/eal/multi-process.md.
var limitations = map[string][]string{
	"1. private memory":       {"TestPrivateMemoryExcludesOtherProcesses"},
	"2. no primary":           {"TestASecondaryNeedsAPrimary"},
	"3. second primary":       {"TestASecondPrimaryIsRefused"},
	"4. primary starts":       {"TestInitWhileThePrimaryIsStarting"},
	"5. dead primary":         {"TestSecondaryDetectsAKilledPrimary", "TestFactsOfADeadPrimaryAreIgnored"},
	"6. primary comes again":  {"TestSecondariesDetectARestartedPrimary", "TestDeathOfAPrimaryInCIsDetected"},
	"7. devices":              {"TestASecondaryGetsThePrimarysDevicesOrIsRefused"},
	"8. libraries and ops":    {"TestInitRefusesMempoolOpsOfAnotherOrder"},
	"9. cores":                {"TestLcoresOfAllProcessesAreDisjoint"},
	"10. stopped secondary":   {"TestCallsThatWaitForAStoppedSecondaryFailAtOnce", "TestCallsThatWaitForASilentSecondaryFailOnce"},
	"11. killed secondary":    {"TestPrimarySurvivesKilledSecondaries"},
	"12. clean-up":            {"TestASecondarysCloseLeavesTheOthersAlone"},
	"13. registered threads":  {"TestRegisterAndSecondariesExcludeEachOther"},
	"14. the primary's part":  {"TestASecondaryDoesNotControlAPort", "TestASecondaryBeforeThePrimaryConfiguredThePort", "TestOnlyThePrimaryRegistersDynamicFields"},
	"15. IPC":                 nil, // package ipc's
	"16. one start a process": {"TestEALStartsOncePerProcess"},
	"17. leftovers":           {"TestSecondaryDetectsAKilledPrimary", "TestHugepageFiles"},
	"18. addresses":           {"TestAddressesAgreeWithASLROn", "TestGoHeapDoesNotOverlapEALAddresses"},
	"19. equal pids":          {"TestASecondaryInAnotherPidNamespace"},
}

func TestEachLimitationHasItsTest(t *testing.T) {
	page, err := os.ReadFile("../../dpdk/eal/multi-process.md")
	require.NoError(t, err)
	files, err := filepath.Glob("*_test.go")
	require.NoError(t, err)
	var all strings.Builder
	for _, f := range files {
		text, err := os.ReadFile(f)
		require.NoError(t, err)
		all.Write(text)
	}
	for limitation, tests := range limitations {
		number, _, _ := strings.Cut(limitation, " ")
		assert.Contains(t, string(page), "| "+number+" ", limitation)
		for _, name := range tests {
			assert.Contains(t, all.String(), "func "+name+"(t *testing.T)", limitation)
		}
	}
}
