//go:build !godpdk_debug

package mbuf

// See debug.go.

func (m *Mbuf) alive(string) {}
func (m *Mbuf) freeable()    {}

func allocated([]*Mbuf)           {}
func (m *Mbuf) bury()             {}
func (m *Mbuf) freeDebug()        {}
func (m *Mbuf) freeSegmentDebug() {}
