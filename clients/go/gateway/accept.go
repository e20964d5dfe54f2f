package main

import (
	"regexp"
	"strconv"
	"strings"
)

var (
	listItem  = regexp.MustCompile(`(?:[^,"]|"(?:[^"\\]|\\.)*")+`)
	itemPart  = regexp.MustCompile(`(?:[^;"]|"(?:[^"\\]|\\.)*")+`)
	isQuality = regexp.MustCompile(`^(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)$`)
)

// rank is how much a media type is preferred: its quality, how specific its range is, and that range's position.
type rank struct {
	quality   float64
	closeness int
	place     int
}

func (r rank) over(other rank) bool {
	switch {
	case r.quality != other.quality:
		return r.quality > other.quality
	case r.closeness != other.closeness:
		return r.closeness > other.closeness
	}
	return r.place < other.place
}

// prefersText reports whether Accept prefers `text/plain` to JSON (RFC 9110, section 12.5.1), by the rules of the
// registry's own REST transport.
func prefersText(accept string) bool {
	text, json := rankOf(accept, "text/plain"), rankOf(accept, "application/json")
	return text.quality > 0 && text.over(json)
}

// rankOf returns the rank of a media type by the most specific range that matches; quality 0 means not acceptable.
func rankOf(accept, kind string) rank {
	family, _, _ := strings.Cut(kind, "/")
	names := []string{"*/*", family + "/*", kind}
	found := rank{closeness: -1}
	for place, item := range listItem.FindAllString(accept, -1) {
		name, quality, isOther := mediaRange(item)
		for closeness, known := range names {
			if name == known && !isOther && closeness > found.closeness {
				found = rank{quality, closeness, place}
			}
		}
	}
	return found
}

// mediaRange parses an item of Accept; isOther where it has a parameter besides `charset` and `q`.
func mediaRange(item string) (name string, quality float64, isOther bool) {
	parts := itemPart.FindAllString(item, -1)
	quality = 1
	for _, part := range parts[1:] {
		key, value, _ := strings.Cut(strings.ToLower(part), "=")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		if key == "q" {
			if isQuality.MatchString(value) {
				quality, _ = strconv.ParseFloat(value, 64)
			}
			break
		}
		isOther = isOther || key != "charset"
	}
	return strings.ToLower(strings.TrimSpace(parts[0])), quality, isOther
}
