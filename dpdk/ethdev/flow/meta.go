package flow

import (
	c "github.com/godpdk/godpdk/cgo/flow"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

// Metadata is the value that an action [SetMeta] sets in received packets, and that an item [Meta]
// matches in packets to be sent. It is a dynamic field and flag of the mbuf.
type Metadata struct {
	Value mbuf.Field[uint32]
	Flag  mbuf.OffloadFlags // in the flags of an mbuf if Value is set
}

// RegisterMetadata creates or finds the field and flag. Call it in each process that uses the
// metadata, and before the ports are started. Errors are those of [mbuf.RegisterField].
//
// Implements: rte_flow_dynf_metadata_register
func RegisterMetadata() (Metadata, error) {
	value, err := mbuf.RegisterField[uint32](c.MetadataField, mbuf.FieldConfig{})
	if err != nil {
		return Metadata{}, err
	}
	flag, err := mbuf.RegisterFlag(c.MetadataFlag, mbuf.FlagConfig{})
	if err != nil {
		return Metadata{}, err
	}
	// Drivers read variables that it sets in this process.
	err = control.Call("rte_flow_dynf_metadata_register", "", func() error { return control.Errno(c.RegisterMetadata()) })
	if err != nil {
		return Metadata{}, err
	}
	return Metadata{value, flag}, nil
}

// Get returns the metadata of a packet. It reports whether the packet has any.
//
// Implements: rte_flow_dynf_metadata_get
func (d Metadata) Get(m *mbuf.Mbuf) (value uint32, ok bool) {
	if m.Flags()&d.Flag == 0 {
		return 0, false
	}
	return *d.Value.Of(m), true
}

// Set sets the metadata of a packet.
//
// Implements: rte_flow_dynf_metadata_set
func (d Metadata) Set(m *mbuf.Mbuf, value uint32) {
	*d.Value.Of(m) = value
	m.SetFlags(m.Flags() | d.Flag)
}
