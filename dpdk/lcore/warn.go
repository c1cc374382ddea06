package lcore

func warnPollers() {}
