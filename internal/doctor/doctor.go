// Package doctor is what is looked at to see whether an installation is well: lines, each with what is so, and what to do
// where it is not well. Whoever looks hands over what it found as plain values; what only the machine can tell (disk,
// folders, its clock, names of a mail domain) is asked here.
package doctor

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// State is how something is.
type State string

// The states, best first.
const (
	OK   State = "ok"
	Warn State = "warn" // it works, and somebody should look at it
	Fail State = "fail" // it does not work, or soon will not
)

// Line is one thing that was looked at.
type Line struct {
	Part  string `json:"part"` // configuration, plan, store, ...
	State State  `json:"state"`
	Text  string `json:"text"`
	Next  string `json:"next"` // what to do; empty where all is well
}

// Worst is the worst state of the lines.
func Worst(lines []Line) State {
	out := OK
	for _, l := range lines {
		if l.State == Fail || l.State == Warn && out == OK {
			out = l.State
		}
	}
	return out
}

// Well is a line of something that is well.
func Well(part, format string, args ...any) Line {
	return Line{Part: part, State: OK, Text: oneLine(fmt.Sprintf(format, args...))}
}

// Ill is a line of something that is not.
func Ill(part string, state State, next, format string, args ...any) Line {
	return Line{Part: part, State: state, Text: oneLine(fmt.Sprintf(format, args...)), Next: next}
}

// oneLine is a text, such as an error of several lines, on one.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// How much room there should be, in bytes. A backup needs the store twice, a rebuilt index itself once more.
const (
	roomFail = 200 << 20
	roomWarn = 2 << 30
)

// Disk judges the space where the folder is. need is what the program may need at once, beside what it has.
func Disk(folder string, need int64) Line {
	const part = "disk"
	at := folder
	for {
		if _, err := os.Stat(at); err == nil || filepath.Dir(at) == at {
			break
		}
		at = filepath.Dir(at) // it is made there
	}
	free, size, err := Space(at)
	if err != nil {
		return Ill(part, Warn, "see to it by hand that there is room", "%s: %v", folder, err)
	}
	text := fmt.Sprintf("%s free of %s for %s", Bytes(free), Bytes(size), folder)
	switch {
	case free < roomFail:
		return Ill(part, Fail, "free space: a full disk stops the store", "%s", text)
	case free < roomWarn || free < size/20 || free < uint64(max(need, 0)):
		return Ill(part, Warn, "free space: a backup and a rebuilt index need as much again as there is", "%s", text)
	}
	return Well(part, "%s", text)
}

// Bytes is a size in words.
func Bytes(n uint64) string {
	for _, u := range []struct {
		unit string
		size uint64
	}{{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}} {
		if n >= u.size {
			return fmt.Sprintf("%.1f %s", float64(n)/float64(u.size), u.unit)
		}
	}
	return fmt.Sprintf("%d bytes", n)
}

// Folder judges the data folder: that it can be written, and that not everybody can read what is in it.
func Folder(folder string) Line {
	const part = "folder"
	info, err := os.Stat(folder)
	switch {
	case os.IsNotExist(err):
		return Well(part, "%s is not there yet, and is made when something is stored", folder)
	case err != nil:
		return Ill(part, Fail, "give the folder to the user who runs utkik", "%v", err)
	case !info.IsDir():
		return Ill(part, Fail, "name a folder with --data", "%s is no folder", folder)
	}
	f, err := os.CreateTemp(folder, ".doctor-*")
	if err != nil {
		return Ill(part, Fail, "give the folder to the user who runs utkik, or run this as that user", "%s cannot be written: %v", folder, err)
	}
	name := f.Name()
	f.Close()
	if err := os.Remove(name); err != nil {
		return Ill(part, Warn, "remove it", "%s was left: %v", name, err)
	}
	if runtime.GOOS != "windows" {
		if wide := readable(folder, info); wide != "" {
			return Ill(part, Warn, fmt.Sprintf("chmod -R o= %s: addresses and keys are kept there", folder), "everybody on this machine can read %s", wide)
		}
	}
	return Well(part, "%s can be written, and is not open to everybody", folder)
}

// readable names what in the folder everybody may read who may enter it.
func readable(folder string, info fs.FileInfo) string {
	if info.Mode().Perm()&0o001 == 0 {
		return "" // nobody else comes in
	}
	for _, name := range []string{"utkik.db", "utkik.db-wal"} {
		path := filepath.Join(folder, name)
		if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o004 != 0 {
			return path
		}
	}
	return ""
}

// How far clocks may be apart.
const (
	apartWarn = 5 * time.Second
	apartFail = time.Minute
)

// Clock judges this machine's clock: by the system's own word, by the database's clock if it has another machine's, and by
// the latest time that was stored. Zero times are not known.
func Clock(now, database, latest time.Time) []Line {
	const part = "clock"
	const next = "let the machines keep their time by NTP (timedatectl set-ntp true)"
	var out []Line
	if synced, known := Synced(); known && !synced {
		out = append(out, Ill(part, Warn, next, "the system says that its clock is not kept by NTP"))
	}
	if apart := now.Sub(database).Abs(); !database.IsZero() && apart > apartWarn {
		state := Warn
		if apart > apartFail {
			state = Fail
		}
		out = append(out, Ill(part, state, next, "this machine and the database are %s apart", apart.Truncate(time.Second)))
	}
	if ahead := latest.Sub(now); !latest.IsZero() && ahead > apartFail {
		out = append(out, Ill(part, Fail, next+"; what is read before then is told on a day whose digest is out",
			"the latest run began at %s, which is %s from now", latest.UTC().Format(time.RFC3339), ahead.Truncate(time.Second)))
	}
	if len(out) == 0 {
		out = append(out, Well(part, "%s", now.UTC().Format(time.RFC3339)))
	}
	return out
}

// Zone judges the zone in which days are counted. local is how the machine names its own.
func Zone(name, local string) Line {
	if _, err := time.LoadLocation(name); err != nil {
		return Ill("zone", Fail, "build the program with its own table of zones, as it comes", "%s: %v", name, err)
	}
	return Well("zone", "days are those of %s, whatever this machine's zone is (%s)", name, cmp.Or(local, "UTC"))
}
