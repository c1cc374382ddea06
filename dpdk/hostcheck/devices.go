package hostcheck

// Devices returns the findings about the host's network devices: VFIO, the IOMMU, and which driver each has.
func (h Host) Devices() []Finding { return nil }
