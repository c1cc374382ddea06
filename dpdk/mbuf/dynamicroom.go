package mbuf

import (
	"fmt"
	"strings"
)

// dynamicRoom describes the free room for dynamic fields and flags. It reads the text of
// rte_mbuf_dyn_dump, as DPDK has no other function for it.
func dynamicRoom(dump string) string {
	_, dump, _ = strings.Cut(dump, "Free space in mbuf")
	space, bits, _ := strings.Cut(dump, "Free bit in mbuf")
	var pieces []string
	size := 0
	bytes := append(freeCells(space), false) // ends the last piece
	for offset, free := range bytes {
		if free {
			size++
			continue
		}
		if size > 0 {
			pieces = append(pieces, fmt.Sprintf("%d at offset %d", size, offset-size))
		}
		size = 0
	}
	if len(pieces) == 0 {
		pieces = []string{"none"}
	}
	flags := 0
	for _, free := range freeCells(bits) {
		if free {
			flags++
		}
	}
	return fmt.Sprintf("no room for it is left: the free bytes of an mbuf are %s, and %d bits for flags are free", strings.Join(pieces, ", "), flags)
}

// freeCells reads the lines "0000: 00 08 …", in which 0 is an occupied byte or bit.
func freeCells(table string) (free []bool) {
	for line := range strings.Lines(table) {
		_, cells, found := strings.Cut(line, ": ")
		if !found {
			continue
		}
		for _, cell := range strings.Fields(cells) {
			free = append(free, strings.Trim(cell, "0") != "")
		}
	}
	return free
}
