package watch

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Notice is something that the operator is told once, and once more when it is over.
type Notice struct {
	Key   string // source:ft-portal:broken
	Since time.Time
	Text  string
}

// Standing gives what the operator should know of a source at now, of the trouble that it is in: a notice for each state
// that has lasted for that long, and one for the trouble as a whole when it has lasted, but none of its states has.
// Trouble begins with the first run that did not go well and ends with the first that does; then nothing stands any
// more, and what was told is told as mended. spells are those of [History].
func Standing(source string, spells []Spell, after time.Duration, now time.Time) []Notice {
	first := len(spells)
	for first > 0 && !spells[first-1].State.Well() {
		first--
	}
	trouble := spells[first:]
	if len(trouble) == 0 || trouble[0].Since.IsZero() {
		return nil
	}
	var out []Notice
	add := func(s Spell, since time.Time) {
		key := keyOf(source) + string(s.State)
		for i := range out {
			if out[i].Key == key {
				out[i].Text = s.words(source)
				return
			}
		}
		out = append(out, Notice{key, since, s.words(source)})
	}
	for i, s := range trouble {
		until := now
		if i+1 < len(trouble) {
			until = trouble[i+1].Since
		}
		if until.Sub(s.Since) >= after {
			add(s, s.Since)
		}
	}
	if len(out) == 0 && now.Sub(trouble[0].Since) >= after {
		add(trouble[len(trouble)-1], trouble[0].Since)
	}
	return out
}

// keyOf begins the keys of a source's notices.
func keyOf(source string) string { return "source:" + source + ":" }

// Mended gives which of a source's notices are over: all of them at once, when its trouble is. While it goes on in another
// state, or has just begun again, nothing is. open are the keys of every open notice, of other matters too.
func Mended(source string, spells []Spell, open []string) []string {
	if !spells[len(spells)-1].State.Well() {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(open), func(key string) bool { return !strings.HasPrefix(key, keyOf(source)) })
}

func (s Spell) words(source string) string {
	return fmt.Sprintf("source %s is %s: %s; see utkik sources %s", source, s.State, s.Reason, source)
}
