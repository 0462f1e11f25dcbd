/** Slider to select a frame of a multi-frame file. */
export function FrameSlider(props: { index: number; count: number; onSelect(index: number): void }) {
  const { index, count, onSelect } = props;
  return (
    <div class="frame-slider">
      <button
        type="button"
        disabled={index === 0}
        onClick={() => onSelect(index - 1)}
        aria-label="Previous frame of the file"
      >
        ‹
      </button>
      <input
        type="range"
        min="1"
        max={count}
        value={index + 1}
        aria-label="Frame of the file"
        onChange={(event) => onSelect(Number(event.currentTarget.value) - 1)}
      />
      <button
        type="button"
        disabled={index === count - 1}
        onClick={() => onSelect(index + 1)}
        aria-label="Next frame of the file"
      >
        ›
      </button>
      <output>
        frame {index + 1} of {count}
      </output>
    </div>
  );
}
