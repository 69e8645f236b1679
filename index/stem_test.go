package index

import (
	"strings"
	"testing"
)

func TestStemSwedish(t *testing.T) {
	t.Parallel()
	// The forms of a word share a stem; no two lines do.
	lines := strings.Split(strings.TrimSpace(`
		marknad marknaden marknader marknaderna marknads
		avtal avtalet avtalen avtalets
		hälsa hälsan hälsans
		skola skolan skolor skolorna
		strategi strategin strategier strategierna strategins
		program programmet programmen programmens
		byrå byrån
		kommitté kommittén kommittéer
		utbyggnad utbyggnaden utbyggnads
		kvalitet kvaliteten kvaliteter
		universitet universitetet universiteten
		resultat resultatet resultaten
		klimat klimatet klimatets
		stöd stödet stöden stöds
		län länet länen
		arbete arbetet arbeten arbetets
		tillgänglighet tillgängligheten tillgänglighetens
		plan planen planer planerna
		internet internets
		planet
		medicin medicinen mediciner
		utlysning utlysningar utlysningarna utlysningens
		häl hälar
		företag företaget företagen
		energi energin energins`), "\n")
	owner := map[string]int{}
	for i, line := range lines {
		ws := strings.Fields(line)
		want := stemSwedish(ws[0])
		for _, w := range ws[1:] {
			if got := stemSwedish(w); got != want {
				t.Errorf("stemSwedish(%q) = %q, of %q it is %q", w, got, ws[0], want)
			}
		}
		if o, ok := owner[want]; ok {
			t.Errorf("%q has the stem %q of line %q", ws[0], want, lines[o])
		}
		owner[want] = i
	}
}
